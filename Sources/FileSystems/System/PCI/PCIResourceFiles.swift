import Foundations
import Machine
import PCI
import SyntheticFiles
import VFS

/// `resourceN` and `rom`: what a function decodes.
///
/// The ranges show how large they are, but programs get neither at ports nor at memory through them: both could make a device write
/// into the kernel's memory. Source: Linux Documentation/PCI/sysfs-pci.rst.
extension SystemFileSystem {
  func addResourceFiles(of entry: PCIFunctionDirectory) throws(Errno) {
    let directory = entry.device.directory
    for slot in PCIResourceSlot.allCases where slot.rawValue < PCIResourceSlot.rom.rawValue {
      let resource = entry.function[slot]
      guard resource.kind != .none, resource.size > 0 else { continue }
      let name: Message = "resource\(slot.rawValue)"
      try directory.add(name.bytes, ResourceInode(self, resource))
    }
    let rom = entry.function[.rom]
    guard rom.kind != .none, rom.size > 0 else { return }
    try directory.add("rom", ROMInode(self, entry))
  }
}

/// A range of a function, whose size is all that there is to see.
private final class ResourceInode: SyntheticInode {
  init(_ fileSystem: SystemFileSystem, _ resource: PCIResource) {
    super.init(fileSystem, .regular, permissions: 0o600)
    let size = Int64(clamping: resource.size)
    attributes.withLock { $0.size = size }
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile { try ResourceFile(request, self) }
}

private final class ResourceFile: OpenFile {
  override var isSeekable: Bool { true }

  override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int { throw .EIO }

  override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int { throw .EPERM }
}

private final class ROMInode: SyntheticInode {
  private let entry: PCIFunctionDirectory

  init(_ fileSystem: SystemFileSystem, _ entry: PCIFunctionDirectory) {
    self.entry = entry
    super.init(fileSystem, .regular, permissions: 0o600)
    let size = Int64(clamping: entry.function[.rom].size)
    attributes.withLock { $0.size = size }
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile { try ROMFile(request, self, entry) }
}

/// A function's ROM: who writes 1 to it may read it afterwards, until 0 is written.
private final class ROMFile: OpenFile {
  private let entry: PCIFunctionDirectory

  init(_ request: OpenRequest, _ inode: ROMInode, _ entry: PCIFunctionDirectory) throws(Errno) {
    self.entry = entry
    try super.init(request, inode)
  }

  override var isSeekable: Bool { true }

  override func endOffset() throws(Errno) -> Int64 { Int64(clamping: entry.function[.rom].size) }

  override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    guard entry.settings.withLock({ $0.showsROM }) else { throw .EINVAL }
    let function = try entry.current()
    guard function.boundDriver == nil else { throw .EBUSY }
    let rom = try function.mapROM()
    guard offset < Int64(rom.count) else { return 0 }
    var (position, total) = (Int(offset), 0)
    while position < rom.count, buffer.remaining > 0 {
      var bytes = InlineArray<64, UInt8>(repeating: 0)
      let count = min(64, rom.count - position, buffer.remaining)
      for index in 0..<count { bytes[index] = rom.read8(at: position + index) }
      do throws(Errno) {
        let moved = try buffer.write(bytes.span.extracting(0..<count))
        total += moved
        position += moved
        if moved < count { break }
      } catch {
        if total > 0 { return total }
        throw error
      }
    }
    return total
  }

  override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    let count = buffer.remaining
    guard count > 0 else { return 0 }
    var first = InlineArray<2, UInt8>(repeating: 0)
    var span = first.mutableSpan
    let taken = try buffer.read(into: &span)
    // As Linux: "0" alone closes it, anything else opens it.
    let closes = count <= 2 && taken > 0 && first[0] == 0x30 && (taken == 1 || first[1] == 0x0a)
    try PCISystem.setROM(of: entry.address, answers: !closes)
    entry.settings.withLock { $0.showsROM = !closes }
    offset += Int64(count)
    return count
  }
}
