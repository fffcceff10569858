"""What several tests share: small corpora and models, damage, servers, workers."""
