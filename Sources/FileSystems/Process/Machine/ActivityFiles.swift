import Foundations
import Machine
import Processes
import Scheduler
import Scheduling
import SyntheticFiles
import Time

/// The files about what the machine does. Source: proc(5).
extension ProcessFileSystem {
  func addActivityFiles(to root: SyntheticDirectory) throws(Errno) {
    let tree = tree
    try root.add("uptime") { text in
      var idle: UInt64 = 0
      ActivityText.forEachProcessor { idle &+= SchedulerStatistics.times(of: $0).idle }
      ActivityText.write(seconds: Clock.bootTime, to: &text)
      text.write(" ")
      ActivityText.write(seconds: idle, to: &text)
      text.write("\n")
    }
    try root.add("loadavg") { text in
      let averages = SchedulerStatistics.loadAverages
      for average in [averages.oneMinute, averages.fiveMinutes, averages.fifteenMinutes] {
        // Rounded to hundredths.
        let rounded = average &+ LoadAverages.one / 200
        text.write(decimal: rounded / LoadAverages.one)
        text.write(".")
        text.write(decimal: rounded % LoadAverages.one * 100 / LoadAverages.one, width: 2, padding: 0x30)
        text.write(" ")
      }
      text.write(decimal: max(1, SchedulerStatistics.runnableCount))
      text.write("/")
      text.write(decimal: tree.numberCount)
      text.write(" ")
      text.write(decimal: Int(tree.lastNumber))
      text.write("\n")
    }
    try root.add("stat") { text in
      ActivityText.writeProcessors(to: &text)
      ActivityText.writeInterrupts(to: &text)
      text.write("ctxt ")
      text.write(decimal: SchedulerStatistics.switchCount)
      text.write("\nbtime ")
      text.write(decimal: (Clock.realTime &- min(Clock.realTime, Clock.bootTime)) / 1_000_000_000)
      text.write("\nprocesses ")
      text.write(decimal: tree.madeCount)
      text.write("\nprocs_running ")
      text.write(decimal: max(1, SchedulerStatistics.runnableCount))
      text.write("\nprocs_blocked ")
      text.write(decimal: SchedulerStatistics.blockedCount)
      text.write("\n")
    }
  }
}

enum ActivityText {
  static func forEachProcessor(_ body: (Int) -> Void) {
    for number in 0..<Processor.limit where Processor.isOnline(number) { body(number) }
  }

  /// Seconds and hundredths.
  static func write(seconds nanoseconds: UInt64, to text: inout TextBuffer) {
    text.write(decimal: nanoseconds / 1_000_000_000)
    text.write(".")
    text.write(decimal: nanoseconds % 1_000_000_000 / 10_000_000, width: 2, padding: 0x30)
  }

  /// The lines of all CPUs together, and of each.
  static func writeProcessors(to text: inout TextBuffer) {
    var sum = ProcessorTimes()
    forEachProcessor { sum = sum + SchedulerStatistics.times(of: $0) }
    // Behind the name of all there are two spaces.
    text.write("cpu ")
    write(sum, to: &text)
    for number in 0..<Processor.limit where Processor.isOnline(number) {
      text.write("cpu")
      text.write(decimal: number)
      write(SchedulerStatistics.times(of: number), to: &text)
    }
  }

  /// user, nice, system, idle; iowait, irq, softirq, steal, guest and guest_nice, which are not told apart.
  private static func write(_ times: ProcessorTimes, to text: inout TextBuffer) {
    for time in [times.user, times.nice, times.system, times.idle] {
      text.write(" ")
      text.write(decimal: time / ClockRate.tickNanoseconds)
    }
    text.write(" 0 0 0 0 0 0\n")
  }

  /// All interrupts, and those of each vector.
  static func writeInterrupts(to text: inout TextBuffer) {
    var sum: UInt64 = 0
    for vector in 32..<256 { sum &+= VectorHandlers.arrivals(of: UInt8(vector)) }
    text.write("intr ")
    text.write(decimal: sum)
    for vector in 32..<256 {
      text.write(" ")
      text.write(decimal: VectorHandlers.arrivals(of: UInt8(vector)))
    }
    text.write("\n")
  }
}
