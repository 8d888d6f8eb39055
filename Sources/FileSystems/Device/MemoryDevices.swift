public import Foundations
import Machine
import Security
public import VFS

/// The devices that are no hardware. Source: null(4), full(4), random(4); Linux devices.txt, major 1.
public enum MemoryDevice: UInt32, CaseIterable, Sendable {
  /// Takes everything, gives nothing.
  case null = 3
  /// Gives zeros.
  case zero = 5
  /// Gives zeros, and is always full.
  case full = 7
  /// Gives random bytes.
  case random = 8
  /// Gives random bytes.
  case unlimitedRandom = 9

  /// The driver's number.
  public static var major: UInt32 { 1 }

  /// The name in /dev.
  public var name: StaticString {
    switch self {
    case .null: "null"
    case .zero: "zero"
    case .full: "full"
    case .random: "random"
    case .unlimitedRandom: "urandom"
    }
  }
}

/// Where random bytes come from.
open class RandomSource {
  /// Creates a source.
  public init() {}

  /// Fills `bytes`.
  ///
  /// - Context: a thread; may be called by many at once.
  open func fill(_ bytes: inout MutableSpan<UInt8>) { fatalError("a source of nothing") }

  /// Mixes in what a program offers. It counts for nothing.
  open func mix(_ bytes: Span<UInt8>) {}
}

/// The machine's own random bytes.
public final class SystemRandomSource: RandomSource {
  /// Fills `bytes`.
  public override func fill(_ bytes: inout MutableSpan<UInt8>) { SystemRandom.fill(&bytes) }

  /// Mixes `bytes` in.
  public override func mix(_ bytes: Span<UInt8>) { SystemRandom.mix(bytes) }
}

/// Opens the devices that are no hardware: given to `SpecialFiles.register` for `MemoryDevice.major`.
public final class MemoryDeviceOpener: SpecialFileOpener {
  private let source: RandomSource

  /// Creates an opener.
  public init(_ source: RandomSource) { self.source = source }

  public override var driverName: StaticString { "mem" }

  public override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    guard let device = MemoryDevice(rawValue: inode.device.minor) else { throw .ENXIO }
    return try MemoryDeviceFile(request, inode, device, source)
  }
}

/// One of these devices, open.
final class MemoryDeviceFile: OpenFile {
  private let device: MemoryDevice
  private let source: RandomSource

  init(_ request: OpenRequest, _ inode: Inode, _ device: MemoryDevice, _ source: RandomSource) throws(Errno) {
    (self.device, self.source) = (device, source)
    try super.init(request, inode)
  }

  override var isSeekable: Bool { true }

  override func endOffset() throws(Errno) -> Int64 { 0 }

  override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    switch device {
    case .null: return 0
    case .zero, .full: return try buffer.writeZeros(buffer.remaining)
    case .random, .unlimitedRandom: return try readRandom(&buffer)
    }
  }

  private func readRandom(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    var count = 0
    var bytes = InlineArray<256, UInt8>(repeating: 0)
    while buffer.remaining > 0 {
      let wanted = min(256, buffer.remaining)
      var span = bytes.mutableSpan
      source.fill(&span)
      do throws(Errno) {
        let moved = try buffer.write(bytes.span.extracting(0..<wanted))
        count += moved
        if moved < wanted { break }
      } catch {
        if count == 0 { throw error }
        break
      }
    }
    return count
  }

  override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    switch device {
    case .null, .zero: return buffer.skip(buffer.remaining)
    case .full: throw .ENOSPC
    case .random, .unlimitedRandom: return try writeRandom(&buffer)
    }
  }

  private func writeRandom(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    var count = 0
    var bytes = InlineArray<256, UInt8>(repeating: 0)
    while buffer.remaining > 0 {
      var span = bytes.mutableSpan
      var moved = 0
      do throws(Errno) { moved = try buffer.read(into: &span) } catch {
        if count == 0 { throw error }
        break
      }
      source.mix(bytes.span.extracting(0..<moved))
      count += moved
      if moved < 256 { break }
    }
    return count
  }
}
