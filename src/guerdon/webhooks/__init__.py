"""Events as they leave the house: webhooks with their attempts, and the feed."""
