"""The fault rig: does anything get lost, doubled or stuck when the product's parts die? See README.md."""
