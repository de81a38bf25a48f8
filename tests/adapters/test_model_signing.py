"""A signature holds for the very files that were signed and the key that signed them, and for nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gallop.adapters.model_signing import sign_bundle, verify_signature
from gallop.artifacts import bundle
from gallop.errors import SignatureError
from tests.support.keys import write_keys


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private key and its public one."""
    return write_keys(tmp_path / "ours")


@pytest.fixture
def signed(folder: Path, keys) -> Path:
    """The quick training's bundle, signed."""
    sign_bundle(folder, keys[0])
    return folder


def test_a_signed_bundle_verifies_after_it_was_copied_and_given_a_version(signed, keys, tmp_path):
    shutil.copytree(signed, tmp_path / "copy")
    bundle.write_version(tmp_path / "copy", "7")
    verify_signature(tmp_path / "copy", keys[1])
    assert bundle.load_bundle(tmp_path / "copy").manifest.version == "7"


def test_the_librarys_own_command_verifies_it_too(signed, keys):
    command = [str(Path(sys.executable).with_name("model_signing")), "verify", "key", str(signed)]
    command += ["--ignore-paths", str(signed / "version.txt")]
    command += ["--signature", str(signed / "signature.json"), "--public_key", str(keys[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["manifest.json", "settings.json", "live/model.json", "live/arrays.npz"])
def test_one_changed_byte_breaks_the_signature(signed, keys, name):
    content = bytearray((signed / name).read_bytes())
    content[len(content) // 2] ^= 1
    (signed / name).write_bytes(bytes(content))
    with pytest.raises(SignatureError, match="does not hold for these files"):
        verify_signature(signed, keys[1])


@pytest.mark.parametrize("change", ["added", "taken away", "another key", "cut", "empty", "noise"])
def test_whatever_else_differs_breaks_it_too(signed, keys, tmp_path, change):
    signature, public = signed / "signature.json", keys[1]
    if change == "added":
        (signed / "live/more.json").write_text("{}")
    elif change == "taken away":
        (signed / "result.json").unlink()
    elif change == "another key":
        public = write_keys(tmp_path / "theirs")[1]
    else:
        whole = signature.read_bytes()
        signature.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "noise": bytes(range(256))}[change])
    with pytest.raises(SignatureError, match="does not hold for these files"):
        verify_signature(signed, public)


def test_without_a_signature_the_way_to_one_is_named(folder, keys):
    with pytest.raises(SignatureError, match="train with GALLOP_SIGNING_KEY set"):
        verify_signature(folder, keys[1])


@pytest.mark.parametrize("content", ["", "no key", "public"])
def test_a_file_that_holds_no_private_key_is_named(folder, keys, tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_text(keys[1].read_text() if content == "public" else content)
    with pytest.raises(SignatureError, match=r"key\.pem: no private key of an elliptic curve"):
        sign_bundle(folder, path)
    assert not (folder / "signature.json").exists()


@pytest.mark.parametrize("content", ["", "no key", "private"])
def test_a_file_that_holds_no_public_key_is_named(signed, keys, tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_text(keys[0].read_text() if content == "private" else content)
    with pytest.raises(SignatureError, match=r"key\.pem: no public key of an elliptic curve"):
        verify_signature(signed, path)


def test_keys_that_are_no_files_are_named(signed, tmp_path):
    with pytest.raises(SignatureError, match="no file"):
        sign_bundle(signed, tmp_path / "absent.pem")
    with pytest.raises(SignatureError, match="is no file"):
        verify_signature(signed, tmp_path / "absent.pem")
