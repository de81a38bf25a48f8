"""Keys for signatures, made as the docs say."""

import subprocess
from pathlib import Path


def write_keys(stem: Path) -> tuple[Path, Path]:
    """A private key of the curve P-256 and its public key, as PEM files."""
    private, public = stem.with_suffix(".key"), stem.with_suffix(".pub")
    generate = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(private)]
    subprocess.run(generate, check=True, capture_output=True)
    subprocess.run(
        ["openssl", "ec", "-in", str(private), "-pubout", "-out", str(public)], check=True, capture_output=True
    )
    return private, public
