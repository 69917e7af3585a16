# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads programs that are not named .py as modules."""
import importlib.machinery
import importlib.util
import os

from cache import REPO


def load(path):
    """The Python program PATH, relative to the repository, as a module."""
    loader = importlib.machinery.SourceFileLoader(path.replace('/', '_'), os.path.join(REPO, path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
