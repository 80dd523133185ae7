import pytest

SERVICE = """\
=== file web.yaml
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  clusterIP: 10.96.0.20
  ports:
    - port: 80
"""
SERVICES = """\
=== services
NAMESPACE NAME TYPE CLUSTER-IP PORT(S) ENDPOINTS
default web ClusterIP 10.96.0.20 80/TCP 0
"""
PROMISE = "# It is promised.\n"


def test_what_is_as_expected_passes_however_the_columns_are_aligned(run_scenario):
    run_scenario(PROMISE + SERVICE + SERVICES + "# a remark\n")


@pytest.mark.parametrize(
    ("expectation", "difference"),
    [
        ("=== services\n", "+default     web    ClusterIP   10.96.0.20   80/TCP    0"),
        (SERVICES.replace(".20", ".21"), "-default web ClusterIP 10.96.0.21 80/TCP 0"),
        (SERVICES + "default more ClusterIP 10.96.0.22 80/TCP 0\n", "-default more ClusterIP 10.96.0.22 80/TCP 0"),
        ("=== problems\nweb.yaml:1:1: something\n", "-web.yaml:1:1: something"),
        ("=== frontends\n", "+10.96.0.20   80/TCP   ClusterIP   default/web   reject     same"),
        ("=== pods\nNAMESPACE\n", "-NAMESPACE"),
        ("=== slices of web\nSERVICE\n", "-SERVICE"),
        ("=== dns\nweb.default.svc.cluster.local. A -> NXDOMAIN\n", "+web.default.svc.cluster.local. A -> NOERROR"),
    ],
)
def test_what_is_not_as_expected_is_shown_as_a_difference(run_scenario, expectation, difference):
    with pytest.raises(Exception, match=r"(?s)It is promised.*expected.*actual") as caught:
        run_scenario(PROMISE + SERVICE + expectation)
    assert difference in str(caught.value).splitlines()


def test_a_problem_that_is_not_expected_fails_a_step_that_does_not_mention_problems(run_scenario):
    with pytest.raises(Exception, match=r"\+web.yaml:9:7: The Service \"web\" is invalid"):
        run_scenario(PROMISE + SERVICE.replace("port: 80", "port: 80\n      protocol: ICMP") + "=== services\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begins with its promise"),
        (SERVICE + SERVICES, "begins with its promise"),
        ("no comment\n" + SERVICE + SERVICES, "begins with its promise"),
        (PROMISE + SERVICE, "line 1: step 1 expects nothing"),
        (PROMISE + SERVICES, "step 1 changes nothing"),
        (PROMISE + SERVICE + "=== step 1\n" + SERVICES + "=== step 2\n" + SERVICES, "step 2 changes nothing"),
        (PROMISE + SERVICE + "=== step 1\n" + SERVICES + "=== step 2\n" + SERVICE, "step 2 expects nothing"),
        (PROMISE + SERVICE + "=== step 2\n" + SERVICES, "step 1 comes here, not '2'"),
        (PROMISE + SERVICE + "=== service\n", "line 11: no such section: service"),
        (PROMISE + SERVICE + "===services\n", "line 11: no heading"),
        (PROMISE + SERVICE + "=== services on node-1\n", "does not take: on node-1"),
        (PROMISE + SERVICE + "=== problems of web\n", "does not take: of web"),
        (PROMISE + "=== file\n" + SERVICES, "file takes the name of one file"),
        (PROMISE + "=== options\nhostname\n" + SERVICE + SERVICES, "an option is `key: value`"),
        (PROMISE + "=== options\nhost: a\n" + SERVICE + SERVICES, "no such option: host"),
        (PROMISE + "=== options\nservice-cluster-ip-range: x\n" + SERVICE + SERVICES, "service-cluster-ip-range"),
        (PROMISE + SERVICE + "=== dns\n", "line 11: no question"),
        (PROMISE + SERVICE + "=== dns\nweb NAPTR -> NOERROR\n", "a question is `NAME TYPE`"),
        (PROMISE + SERVICE + "=== step 1\n=== edit web.yaml\n-    - port: 8080\n" + SERVICES, "not there exactly once"),
        (PROMISE + SERVICE + "=== step 1\n=== edit web.yaml\n   name: web\n" + SERVICES, "changes something"),
    ],
)
def test_what_is_no_scenario_is_an_error_that_says_why(run_scenario, text, message):
    with pytest.raises(Exception, match=r".") as caught:
        run_scenario(text)
    assert message in str(caught.value)
