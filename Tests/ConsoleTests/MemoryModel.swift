import Console
import Foundations

/// Display memory in an array, which records every access that was not wholly inside.
final class MemoryModel {
  private(set) var bytes: [UInt8]
  private(set) var strayAccesses = 0

  init(byteCount: Int, filledWith byte: UInt8 = 0) { bytes = Array(repeating: byte, count: byteCount) }

  func load(_ offset: Int, _ count: Int) -> UInt64 {
    guard offset >= 0, offset + count <= bytes.count else {
      strayAccesses += 1
      return 0
    }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }

  func store(_ value: UInt64, _ offset: Int, _ count: Int) {
    guard offset >= 0, offset + count <= bytes.count else {
      strayAccesses += 1
      return
    }
    for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  func move(from source: Int, to destination: Int, count: Int) {
    bytes.replaceSubrange(destination..<(destination + count), with: Array(bytes[source..<(source + count)]))
  }
}

struct MemoryView: DisplayMemory {
  let model: MemoryModel
  var byteCount: Int { model.bytes.count }
  func load16(at offset: Int) -> UInt16 { UInt16(model.load(offset, 2)) }
  func load32(at offset: Int) -> UInt32 { UInt32(model.load(offset, 4)) }
  func store8(_ value: UInt8, at offset: Int) { model.store(UInt64(value), offset, 1) }
  func store16(_ value: UInt16, at offset: Int) { model.store(UInt64(value), offset, 2) }
  func store32(_ value: UInt32, at offset: Int) { model.store(UInt64(value), offset, 4) }
  func move(from source: Int, to destination: Int, count: Int) {
    guard contains(source, count: count), contains(destination, count: count) else { return }
    model.move(from: source, to: destination, count: count)
  }
}
