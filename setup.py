"""Packaging of vpog: everything is read from settings.ini, which nbdev reads too."""

from configparser import ConfigParser
from pathlib import Path

from setuptools import find_namespace_packages, setup

here = Path(__file__).parent
ini = ConfigParser(delimiters=["="])
ini.read(here / "settings.ini", encoding="utf-8")
cfg = ini["DEFAULT"]
# a package index shows the README without the repository's files
raw = cfg["git_url"].replace("github.com", "raw.githubusercontent.com", 1)
readme = (here / "README.md").read_text(encoding="utf-8")
readme = readme.replace("](README_files/", f"]({raw}/{cfg['branch']}/README_files/")

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=readme,
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    url=cfg["git_url"],
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    keywords=cfg["keywords"],
    packages=find_namespace_packages(include=["vpog", "vpog.*"], exclude=["*__pycache__*"]),
    include_package_data=True,
    package_data={"": ["*.yaml", "*.json", "*.safetensors", "*.csv", "*.md", "*.jpg", "py.typed"]},
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg["requirements"].split(),
    extras_require={
        extra: cfg[f"{extra}_requirements"].split()
        for extra in ("dev", "lab", "timm", "wandb", "rle", "dae", "onnx")
    },
    entry_points={
        "console_scripts": cfg["console_scripts"].split(),
        "nbdev": [f"{cfg['lib_name']}={cfg['lib_name']}._modidx:d"],
    },
    zip_safe=False,
)
