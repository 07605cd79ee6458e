"""Every kind of node; importing this package registers them all."""

from nfsd.tree.nodes.artifacts import Artifacts
from nfsd.tree.nodes.files import Files
from nfsd.tree.nodes.projects import Projects
from nfsd.tree.nodes.root import Root
from nfsd.tree.nodes.runs import Runs
from nfsd.tree.nodes.sweeps import Sweeps

__all__ = ["Artifacts", "Files", "Projects", "Root", "Runs", "Sweeps"]
