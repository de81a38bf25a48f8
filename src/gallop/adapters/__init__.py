"""One vendor per file. Nothing outside this folder imports a vendor's package."""
