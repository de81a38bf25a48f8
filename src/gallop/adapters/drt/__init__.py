"""drt (drt-core, reverse ETL) takes a scores file to where people work: its project is written, its command called."""
