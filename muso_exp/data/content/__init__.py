"""What is known of items without listeners: metadata and sound, as vectors."""
