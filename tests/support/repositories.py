"""Projects with a history: a git repository, commits in it, and packages to install without a network."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

SUPPORT = Path(__file__).parent / "project"
WRONG, RIGHT = "caught = TimeoutError", "caught = OSError"


class Repository:
    """A project under git; `folder` is the project's, at its top or below."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def new(cls, top: Path, below: str = "."):
        """Copy the support project into a new repository, without a commit."""
        repository = cls(top / below)
        shutil.copytree(SUPPORT, repository.folder, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", top], check=True)
        return repository

    def git(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        who = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, env=environment
        )
        return done.stdout.decode().strip()

    def write(self, name, old, new):
        file = self.folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def commit(self):
        """Commit everything and return the hash."""
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def state(self):
        """What of the repository a user would miss: branch, index, stash, work trees, every file."""
        files = {
            path: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not {".git", "__pycache__"} & set(path.parts)
        }
        commands = (["status", "--porcelain"], ["stash", "list"], ["worktree", "list"], ["branch", "--list"])
        return [self.git(*command) for command in commands], self.git("rev-parse", "HEAD"), files


def wheel(folder, name, version, text):
    """Build a wheel of one module; `text` is what stands in it."""
    info = f"{name}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
