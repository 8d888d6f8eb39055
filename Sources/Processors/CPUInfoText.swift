public import Foundations

/// `/proc/cpuinfo`: one block a processor, in Linux's words, order and tabs.
///
/// The line `vmx flags` is left out: it describes what a hypervisor could do, and the kernel is none.
/// Source: proc_cpuinfo(5); the lines are those that Linux 6.12 writes.
public enum CPUInfoText {
  /// How many processors share a package and of how many cores.
  public struct PackageCounts: Equatable, Sendable {
    /// Processors of the package.
    public var processors = 0
    /// Cores of the package.
    public var cores = 0

    /// Counts around `record` in `records`.
    public init(of record: ProcessorRecord, in records: Span<ProcessorRecord>) {
      for index in records.indices {
        let topology = records[index].topology
        guard topology.sharesPackage(with: record.topology) else { continue }
        processors += 1
        var isFirst = true
        for earlier in 0..<index where records[earlier].topology.sharesCore(with: topology) { isFirst = false }
        if isFirst { cores += 1 }
      }
    }
  }

  /// Writes the file.
  ///
  /// - Parameter kilohertz: how fast the time-stamp counter runs, in units of 1,000 a second; 0 when unknown.
  public static func write<Sink: TextSink & ~Copyable>(
    _ records: Span<ProcessorRecord>, kilohertz: UInt64, to sink: inout Sink
  ) {
    for index in records.indices {
      let record = records[index]
      write(record, PackageCounts(of: record, in: records), kilohertz: kilohertz, to: &sink)
    }
  }

  /// Writes one block, with the empty line behind it.
  public static func write<Sink: TextSink & ~Copyable>(
    _ record: ProcessorRecord, _ counts: PackageCounts, kilohertz: UInt64, to sink: inout Sink
  ) {
    writeIdentity(record, kilohertz, &sink)
    writeTopology(record, counts, &sink)
    sink.write("fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: ")
    sink.write(decimal: UInt64(record.largestLeaf))
    sink.write("\nwp\t\t: yes\nflags\t\t:")
    record.features.writeNames(to: &sink)
    sink.write("\nbugs\t\t:")
    record.bugs.writeNames(to: &sink)
    // Linux's measure of speed is twice the rate of the time-stamp counter.
    sink.write("\nbogomips\t: ")
    let hundredths = kilohertz.multipliedReportingOverflow(by: 2).partialValue / 10
    sink.write(decimal: hundredths / 100)
    sink.write(byte: 0x2e)
    sink.write(decimal: hundredths % 100, width: 2, padding: 0x30)
    if record.translationCount > 0 {
      sink.write("\nTLB size\t: ")
      sink.write(decimal: UInt64(record.translationCount))
      sink.write(" 4K pages")
    }
    sink.write("\n")
    line("clflush size\t: ", record.flushLineSize, &sink)
    line("cache_alignment\t: ", record.flushLineSize, &sink)
    sink.write("address sizes\t: ")
    sink.write(decimal: UInt64(record.physicalBits))
    sink.write(" bits physical, ")
    sink.write(decimal: UInt64(record.linearBits))
    sink.write(" bits virtual\npower management:")
    writePower(record.powerManagement, &sink)
    sink.write("\n\n")
  }

  private static func writeIdentity<Sink: TextSink & ~Copyable>(
    _ record: ProcessorRecord, _ kilohertz: UInt64, _ sink: inout Sink
  ) {
    let identity = record.identity
    sink.write("processor\t: ")
    sink.write(decimal: record.number)
    sink.write("\nvendor_id\t: ")
    text(identity.vendorText, &sink)
    sink.write("\n")
    line("cpu family\t: ", identity.family, &sink)
    line("model\t\t: ", identity.model, &sink)
    sink.write("model name\t: ")
    text(identity.name, &sink)
    sink.write("\n")
    line("stepping\t: ", identity.stepping, &sink)
    if record.microcode > 0 {
      sink.write("microcode\t: 0x")
      sink.write(hex: UInt64(record.microcode))
      sink.write("\n")
    }
    if kilohertz > 0 {
      sink.write("cpu MHz\t\t: ")
      sink.write(decimal: kilohertz / 1000)
      sink.write(byte: 0x2e)
      sink.write(decimal: kilohertz % 1000, width: 3, padding: 0x30)
      sink.write("\n")
    }
    let cache = record.caches.shownSize(identity.vendor)
    if cache > 0 {
      sink.write("cache size\t: ")
      sink.write(decimal: cache >> 10)
      sink.write(" KB\n")
    }
  }

  private static func text<let capacity: Int, Sink: TextSink & ~Copyable>(
    _ text: InlineText<capacity>, _ sink: inout Sink
  ) {
    if text.count == 0 { sink.write("unknown") } else { text.write(to: &sink) }
  }

  private static func writeTopology<Sink: TextSink & ~Copyable>(
    _ record: ProcessorRecord, _ counts: PackageCounts, _ sink: inout Sink
  ) {
    line("physical id\t: ", record.topology.package, &sink)
    line("siblings\t: ", UInt32(truncatingIfNeeded: counts.processors), &sink)
    line("core id\t\t: ", record.topology.core, &sink)
    line("cpu cores\t: ", UInt32(truncatingIfNeeded: counts.cores), &sink)
    line("apicid\t\t: ", record.topology.localAPIC, &sink)
    line("initial apicid\t: ", record.topology.localAPIC, &sink)
  }

  private static func line<Sink: TextSink & ~Copyable>(_ name: String, _ value: UInt32, _ sink: inout Sink) {
    sink.write(name)
    sink.write(decimal: UInt64(value))
    sink.write("\n")
  }

  /// What CPUID 80000007h, EDX, says, in Linux's words. Bit 8 has none: its feature is called `nonstop_tsc`.
  private static func writePower<Sink: TextSink & ~Copyable>(_ register: UInt32, _ sink: inout Sink) {
    for bit in 0..<32 where register &>> UInt32(bit) & 1 != 0 {
      switch bit {
      case 0: sink.write(" ts")
      case 1: sink.write(" fid")
      case 2: sink.write(" vid")
      case 3: sink.write(" ttp")
      case 4: sink.write(" tm")
      case 5: sink.write(" stc")
      case 6: sink.write(" 100mhzsteps")
      case 7: sink.write(" hwpstate")
      case 8: break
      case 9: sink.write(" cpb")
      case 10: sink.write(" eff_freq_ro")
      case 11: sink.write(" proc_feedback")
      case 12: sink.write(" acc_power")
      default:
        sink.write(" [")
        sink.write(decimal: bit)
        sink.write("]")
      }
    }
  }
}
