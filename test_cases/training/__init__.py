"""Trains the example models with numpy and writes them as .tflite files: `python -m test_cases.training`."""
