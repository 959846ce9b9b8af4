"""One update, composed: what it reads, what it registers, what it exports."""
