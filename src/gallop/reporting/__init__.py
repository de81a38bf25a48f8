"""What a person reads: the HTML report, the summary in the terminal, the model card and the Markdown for CI."""
