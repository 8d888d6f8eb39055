import ACPI
import Foundations
import Logging
import Machine
import Processors

/// What is known of every CPU, in the order of their numbers.
enum KernelProcessors {
  private struct Table: ~Copyable {
    var records = GrowableArray<ProcessorRecord>()
    var nodes = ProcessorNodes()
  }

  private static let table = BootCell<SpinLock<Table>>()

  /// Notes the boot CPU, with which the others are compared.
  ///
  /// - Throws: `ENOMEM`.
  static func start(_ first: ProcessorRecord) throws(Errno) {
    var new = Table()
    try new.records.append(first)
    table.fill(SpinLock(new))
  }

  /// Notes which CPU is near which memory, before the other CPUs start.
  static func setNodes(_ firmware: borrowing FirmwareTables?) {
    var nodes = ProcessorNodes()
    switch firmware {
    case .none: return
    case .some(let tables):
      MemoryNodes.start(tables)
      BootLogo.log(tables)
      guard let table = tables.table("SRAT") else { return }
      do throws(ACPITableError) {
        try SRAT(table).forEach { entry in
          if case .processor(let number, let domain) = entry { nodes.add(localAPIC: number, domain: domain) }
        }
      } catch {
        // Said already.
        return
      }
    }
    table.withValue { lock in
      lock.withLock { table in
        table.nodes = nodes
        let first = table.records[0].topology.localAPIC
        table.records[0].topology.node = nodes.node(of: first)
      }
    }
  }

  /// Notes the CPU that runs, and reports what it does not share with the boot CPU.
  ///
  /// - Context: an application processor, before it does anything else; interrupts off.
  static func addThisProcessor() {
    let number = Processor.current
    var record = current(number)
    var isKept = false
    var differences = ProcessorRecord.Differences()
    table.withValue { lock in
      lock.withLock { table in
        record.topology.node = table.nodes.node(of: record.topology.localAPIC)
        differences = record.differences(from: table.records[0])
        var place = table.records.count
        while place > 0, table.records[place - 1].number > number { place -= 1 }
        do throws(Errno) {
          try table.records.insert(record, at: place)
          isKept = true
        } catch {}
      }
    }
    if !isKept { KernelLog.add(.error, .cpu, "CPU \(number): no memory to describe it") }
    guard !differences.isEmpty else { return }
    var text: Message = "CPU \(number) differs from CPU 0: "
    differences.write(to: &text)
    KernelLog.add(.warning, .cpu, text)
  }

  /// What is known of each CPU, copied.
  ///
  /// - Throws: `ENOMEM`.
  static func records() throws(Errno) -> GrowableArray<ProcessorRecord> {
    var copy = GrowableArray<ProcessorRecord>()
    try copy.reserveCapacity(Processor.limit)
    try table.withValue { lock throws(Errno) in
      try lock.withLock { table throws(Errno) in
        for index in 0..<min(table.records.count, Processor.limit) { try copy.append(table.records[index]) }
      }
    }
    return copy
  }

  /// The description of the CPU that runs, with what the kernel has turned off left out.
  static func current(_ number: Int) -> ProcessorRecord {
    var record = ProcessorRecord.ofThisProcessor(number: number)
    let fiveLevels: UInt64 = 1 << 12
    record.features.removeWhatIsOff(hasFiveLevels: ControlRegisters.current.cr4 & fiveLevels != 0)
    return record
  }
}
