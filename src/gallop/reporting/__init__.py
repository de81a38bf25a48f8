"""What a person looks at: the HTML report and the summary in the terminal."""
