"""One LightningModule per model."""
