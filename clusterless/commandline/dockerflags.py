"""The flags for Pods that are found among Docker's containers."""

from .flagmaking import flag, together

DOCKER_FLAGS = ("docker", "docker_host", "docker_project", "docker_network")  # also the names in Settings

docker_flags = together(
    flag(
        "--docker",
        is_flag=True,
        help="Find Pods among Docker's containers, by labels. Whoever reaches Docker's socket is root on its host: "
        "let a filtering proxy stand before it (docs/docker.md).",
    ),
    flag(
        "--docker-host",
        default="",
        metavar="URL",
        help="Where Docker is. Default: DOCKER_HOST, else /var/run/docker.sock.",
    ),
    flag(
        "--docker-project",
        default="",
        metavar="NAME",
        help="The compose project whose containers are Pods without a label. Default: the one that this runs in.",
    ),
    flag(
        "--docker-network",
        default="",
        metavar="NAME",
        help="The Docker network where Pods have their addresses. Default: those that this runs in.",
    ),
)
