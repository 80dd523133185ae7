"""Pure: what a pod's machine is called, as the kubelet decides it.

Source: `GeneratePodHostNameAndDomain` and `truncatePodHostnameIfNeeded` in `pkg/kubelet`.
"""

from controlplane.objects import Pod

_LONGEST = 63  # characters of a host's name


def pod_hostname(pod: Pod) -> str:
    """The pod's short name."""
    return (pod.spec.hostname or pod.metadata.name)[:_LONGEST].rstrip("-.")


def pod_domain(pod: Pod, cluster_domain: str) -> str:
    """The domain that its subdomain makes, empty without one."""
    return f"{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{cluster_domain}" if pod.spec.subdomain else ""


def kernel_hostname(pod: Pod, cluster_domain: str) -> str:
    """What `hostname` says in it: with `setHostnameAsFQDN` the whole name."""
    domain = pod_domain(pod, cluster_domain)
    return f"{pod_hostname(pod)}.{domain}" if pod.spec.set_hostname_as_fqdn and domain else pod_hostname(pod)
