raise RuntimeError("no [bold]settings[/x]")
