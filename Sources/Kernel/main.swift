import Machine
EarlyConsole.write("hello from Swift\n")
EarlyConsole.write(hexadecimal: TimestampCounter.now &- TimestampCounter.atEntry)
SegmentTable.install()
InterruptTable.install(.fromSpecs)
EarlyConsole.write(SegmentTable.isLoaded && InterruptTable.isLoaded ? "\nloaded\n" : "\nNOT\n")
Machine.breakpoint()
