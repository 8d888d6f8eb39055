import BootInformation
import Foundations
import LinuxABI
import Machine
import PageCache
import ProcessFileSystem
import Processors
import SyntheticFiles
import SystemCalls
import Time
import VirtualMemory

/// What /proc shows that only this module knows.
final class MachineFacts: KernelFacts {
  private let commandLine: GrowableArray<UInt8>
  private let memoryMap: MemoryMap

  /// Takes a copy of what the loader said.
  ///
  /// - Throws: `ENOMEM`.
  init(_ information: borrowing BootInformation) throws(Errno) {
    var text = GrowableArray<UInt8>()
    let bytes = information.commandLine.bytes
    for index in bytes.indices { try text.append(bytes[index]) }
    commandLine = text
    memoryMap = information.memoryMap
    super.init()
  }

  override func writeCommandLine(to text: inout TextBuffer) { Self.write(commandLine, to: &text) }

  /// Its own function, because a span of a class's property may not leave the expression.
  private static func write(_ bytes: borrowing GrowableArray<UInt8>, to text: inout TextBuffer) {
    text.write(bytes.span)
  }

  override func writeBootSteps(to text: inout TextBuffer) { BootHistory.write(to: &text) }

  override func writeSystemCalls(to text: inout TextBuffer) { UnimplementedCalls.write(to: &text) }

  override func processors() throws(Errno) -> GrowableArray<ProcessorRecord> { try KernelProcessors.records() }

  override var counterKilohertz: UInt64 {
    guard let source = Clock.source, source.kind == .timestamp else { return 0 }
    return source.rate.hertz / 1_000
  }

  override func memoryStatistics() -> MemoryStatistics {
    let cache: PageCacheStatistics? = KernelMemory.pageCache.withValue { $0.statistics }
    var statistics = MemoryStatistics(FrameAllocator.statistics, cache ?? PageCacheStatistics())
    statistics.committed = CommitAccount.pageCount
    statistics.commitLimit = CommitAccount.limit
    return statistics
  }

  /// Source: proc(5), `/proc/iomem`; the names are Linux's.
  override func writeMemoryMap(to text: inout TextBuffer) {
    for index in 0..<memoryMap.count {
      let region = memoryMap[index]
      line(region.range, region.kind.resourceName, indent: 0, to: &text)
      guard region.kind == .usable else { continue }
      let image = ImageLayout.physical
      if region.range.contains(image.lowerBound) { line(image, "Kernel image", indent: 2, to: &text) }
    }
  }

  private func line(_ range: Range<UInt64>, _ name: StaticString, indent: Int, to text: inout TextBuffer) {
    guard !range.isEmpty else { return }
    text.write(repeating: 0x20, count: indent)
    text.write(hex: range.lowerBound, width: 8)
    text.write("-")
    text.write(hex: range.upperBound - 1, width: 8)
    text.write(" : ")
    text.write(name.description)
    text.write("\n")
  }
}

extension MemoryKind {
  /// What Linux calls it.
  fileprivate var resourceName: StaticString {
    switch self {
    case .usable: "System RAM"
    case .acpiReclaimable: "ACPI Tables"
    case .acpiNonVolatile: "ACPI Non-volatile Storage"
    case .bad: "Unusable memory"
    case .persistent: "Persistent Memory"
    case .reserved: "Reserved"
    }
  }
}
