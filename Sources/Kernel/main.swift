// The entry code calls this once the boot CPU runs Swift.
BootSequence.run()
