import BootInformation
import Foundations
import Input
import LinuxABI
import Machine
import PageCache
import ProcessFileSystem
import Processors
import SyntheticFiles
import SystemCalls
import Time
import VFS

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

  override func writeSystemCalls(to text: inout TextBuffer) {
    UnimplementedCalls.writeStatus(to: &text)
    UnimplementedCalls.write(to: &text)
  }

  override func openMessages(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    try SystemLogFile(request, inode)
  }

  override func writePath(of device: InputDevice, to text: inout TextBuffer) {
    KernelInput.writePath(of: device, to: &text)
  }

  override func processors() throws(Errno) -> GrowableArray<ProcessorRecord> { try KernelProcessors.records() }

  override var counterKilohertz: UInt64 {
    guard let source = Clock.source, source.kind == .timestamp else { return 0 }
    return source.rate.hertz / 1_000
  }

  override func memoryStatistics() -> MemoryStatistics { KernelMemory.statistics() }

  override func writeMemoryMap(to text: inout TextBuffer) throws(Errno) {
    let map = try ResourceMap.memory(memoryMap)
    map.write(to: &text)
  }

  override func writePortMap(to text: inout TextBuffer) throws(Errno) {
    let map = try ResourceMap.ports()
    map.write(to: &text)
  }

  override func dropCaches(pages: Bool, objects: Bool) {
    guard pages || objects else { return }
    // The page cache asks what else there is, too, so that both go with either.
    let cache: PageCache? = KernelMemory.pageCache.withValue { $0 }
    while let cache, cache.reclaim(target: 1 << 30, priority: 0) > 0 {}
  }
}
