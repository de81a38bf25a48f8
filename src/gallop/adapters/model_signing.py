"""Signatures of bundles by OpenSSF model signing (v1.0): a bundle of sigstore's form in `signature.json`.

It covers every file but itself and the registry's version, so the signature that is made at training still holds
wherever the bundle is copied. The library's own command line verifies it too.
"""

from pathlib import Path
from typing import Final

from gallop.errors import MissingLibraryError, SignatureError

_BESIDE: Final = ("signature.json", "version.txt")


def sign_bundle(folder: Path, private_key: Path) -> None:
    """Sign every file of a bundle.

    Args:
        private_key: a PEM file with an elliptic key (NIST P-256, P-384 or P-521) without a password.

    Raises:
        SignatureError: it holds no such key. MissingLibraryError.
    """
    hashing, signing, _ = _library()
    signature, config = folder / _BESIDE[0], hashing.Config().set_ignored_paths(paths=_BESIDE)
    signature.unlink(missing_ok=True)
    if not private_key.is_file():
        raise SignatureError(f"{private_key}: no file; accepted is a PEM file with the private key to sign with")
    try:
        signer = signing.Config().use_elliptic_key_signer(private_key=private_key).set_hashing_config(config)
        signer.sign(folder, signature)
    except (
        ValueError,
        TypeError,
    ):  # whatever the reader of keys makes of a file that holds none, or one with a password
        raise SignatureError(
            f"{private_key}: no private key of an elliptic curve (P-256, P-384, P-521) in PEM form without a password"
        ) from None


def verify_signature(folder: Path, public_key: Path) -> None:
    """Check that the holder of a key has signed these very files.

    Raises:
        SignatureError: no signature, another key, or a file that was changed, added or taken away. MissingLibraryError.
    """
    hashing, _, verifying = _library()
    folder = folder.resolve()  # models/deployed is a link, which the library refuses
    signature, config = folder / _BESIDE[0], hashing.Config().set_ignored_paths(paths=_BESIDE)
    if not public_key.is_file():
        raise SignatureError(f"signing.public_key: {public_key} is no file; accepted is a PEM file with a public key")
    if not signature.is_file():
        raise SignatureError(
            f"{folder}: is not signed, and signing.public_key asks for it; train with GALLOP_SIGNING_KEY set to the "
            "file of the private key. A signed version replaces an unsigned champion by `gallop promote VERSION`"
        )
    try:
        verifier = verifying.Config().use_elliptic_key_verifier(public_key=public_key)
    except (ValueError, TypeError):
        raise SignatureError(
            f"{public_key}: no public key of an elliptic curve (P-256, P-384, P-521) in PEM form"
        ) from None
    try:
        verifier.set_hashing_config(config).verify(folder, signature)
    except Exception as error:  # noqa: BLE001 bytes that are no signature break its reader in any way
        reason = (str(error).splitlines() or [""])[0]
        raise SignatureError(
            f"{signature}: does not hold for these files and the key {public_key.name} ({reason}); it is not used"
        ) from None


def _library() -> tuple:
    try:
        from model_signing import hashing, signing, verifying
    except ImportError:
        raise MissingLibraryError(
            "signing: the package model-signing is not installed; `pip install 'gallop-leads[sign]'` brings it"
        ) from None
    return hashing, signing, verifying
