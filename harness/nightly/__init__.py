"""The nightly run: every board tested once, without anybody there, and a result that someone reads at breakfast."""
