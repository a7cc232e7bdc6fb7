"""What every test may use. pytest puts this folder on the import path: `import golden`."""
