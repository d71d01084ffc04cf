"""Models: a `.tflite`'s tensors, operators and quantisation, and what they should compute. Knows nothing of boards."""
