"""What `explain -f` looks at: the cluster that manifests would make, and where each field is written."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clusterless.configuration.kubeproxyconfig import ConfigError
from clusterless.kubectl.sources import imagined
from controlplane.build import Builder
from controlplane.documents import Reading
from controlplane.manifests import ManifestReader
from controlplane.objects import NamespacedName
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from dns.config import DnsConfig, configure, stock_corefile
from dns.files import read_corefile, read_upstreams
from proxy.options import ProxyOptions

from .places import documents_of, position_of
from .world import Facts


def facts_of_files(filenames: Sequence[str], options: ClusterOptions, proxy: ProxyOptions, corefile: str = "") -> Facts:
    """Everything that can be known without a running agent. Raises ConfigError for a Corefile with mistakes."""
    reading = ManifestReader().read(filenames)
    snapshot = Builder(imagined(options)).build(reading, int(time.time())).snapshot
    return Facts(
        snapshot=snapshot,
        options=proxy,
        dns=_dns(snapshot, corefile),
        node=options.hostname,
        read_upstreams=read_upstreams,
        place=_places(reading),
    )


def _dns(snapshot: Snapshot, corefile: str) -> DnsConfig:
    """The Corefile that an agent would take: the flag's, else the manifests', else the stock one."""
    environment: Mapping[str, str] = os.environ
    if corefile:
        config, problems = read_corefile(Path(corefile), environment)
    elif snapshot.corefile is not None:
        config, problems = configure(snapshot.corefile.text, environment=environment)
    else:
        config, problems = configure(stock_corefile(snapshot.options.cluster_domain))
    if config is None:
        raise ConfigError("\n".join(str(problem) for problem in problems))
    return config


def _places(reading: Reading) -> Callable[[str, NamespacedName, str], str]:
    """Where a field of an object is written, looked up when somebody asks."""
    documents = documents_of(reading.documents)
    return lambda kind, key, path: position_of(documents.get((kind, key)), path)
