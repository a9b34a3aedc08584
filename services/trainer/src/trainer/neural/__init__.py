"""What the Keras recipes share: the backend, batches, training, pretrained weights."""
