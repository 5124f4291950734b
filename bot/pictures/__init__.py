"""Pictures of personas: drawn by Typst (https://typst.app) from templates of our own."""
