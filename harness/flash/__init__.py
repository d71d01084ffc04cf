"""What is brought onto a board: an image of firmware and model pack."""
