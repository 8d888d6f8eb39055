import Machine
import Interrupts
EarlyConsole.write("hello from Swift\n")
InterruptTable.setDelegate(InterruptDispatcher())
SegmentTable.install()
InterruptTable.install(.fromSpecs)
EarlyConsole.write(SegmentTable.isLoaded && InterruptTable.isLoaded && BreakpointProbe.roundTrip() ? "\nloaded\n" : "\nNOT\n")
Machine.breakpoint()
