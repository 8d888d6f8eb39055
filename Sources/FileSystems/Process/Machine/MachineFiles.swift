import Foundations
import Interrupts
import Machine
import Processors
import SyntheticFiles
import VFS

/// The files about the machine's parts. Source: proc(5).
extension ProcessFileSystem {
  func addMachineFiles(to root: SyntheticDirectory) throws(Errno) {
    let facts = facts
    try root.add("cpuinfo") { (text: inout TextBuffer) throws(Errno) in
      ProcessorsText.write(try facts.processors(), kilohertz: facts.counterKilohertz, to: &text)
    }
    try root.add("interrupts") { text in InterruptsText.write(to: &text) }
    try root.add("consoles") { text in facts.writeConsoles(to: &text) }
    try root.add("devices") { text in DevicesText.write(to: &text) }
    let terminals = try root.addDirectory("tty")
    try terminals.add("drivers") { text in TerminalDriversText.write(to: &text) }
    try terminals.add("ldiscs") { text in text.write("n_tty       0\n") }
    // There are no block devices yet.
    try root.add("partitions") { text in text.write("major minor  #blocks  name\n\n") }
    try root.add("diskstats") { text in }
    // Everything is in the kernel.
    try root.add("modules") { text in }
  }
}

/// `/proc/devices`: the drivers by their numbers.
enum DevicesText {
  static func write(to text: inout TextBuffer) {
    text.write("Character devices:\n")
    writeDrivers(of: .characterDevice, to: &text)
    text.write("\nBlock devices:\n")
    writeDrivers(of: .blockDevice, to: &text)
  }

  private static func writeDrivers(of kind: FileKind, to text: inout TextBuffer) {
    var last: (major: UInt32, name: StaticString)?
    while let next = SpecialFiles.nextDriver(of: kind, after: last?.major) {
      text.write(decimal: UInt64(next.major), width: 3)
      text.write(" ")
      text.write(next.name.description)
      text.write("\n")
      last = next
    }
  }
}

/// `/proc/cpuinfo`.
private enum ProcessorsText {
  static func write(
    _ records: borrowing GrowableArray<ProcessorRecord>, kilohertz: UInt64, to text: inout TextBuffer
  ) {
    let span = records.span
    for index in span.indices {
      let counts = CPUInfoText.PackageCounts(of: span[index], in: span)
      CPUInfoText.write(span[index], counts, kilohertz: kilohertz, to: &text)
    }
  }
}
