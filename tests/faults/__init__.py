"""What survives when the process, the disk, the power or the clock fails in the middle of a load?"""
