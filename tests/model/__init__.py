"""What a fitted model promises."""
