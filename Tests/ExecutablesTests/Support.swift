import Foundations
import Machine
import VirtualMemory

@testable import Executables

#if canImport(Foundation)
  import Foundation
#endif

/// A file in memory.
final class TestFile: ExecutableFile {
  let content: [UInt8]
  private let object: TestObject

  init(_ content: [UInt8]) {
    self.content = content
    object = TestObject(content)
    super.init()
  }

  convenience init?(path: String) {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    self.init([UInt8](data))
  }

  override var byteCount: UInt64 { UInt64(content.count) }
  override var mappedObject: MappedObject { object }
  override func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(Errno) -> Int {
    guard offset < byteCount else { return 0 }
    let count = min(bytes.count, content.count - Int(offset))
    for index in 0..<count { bytes[index] = content[Int(offset) + index] }
    return count
  }
}

/// The pages of a file in memory: made anew for each who asks.
final class TestObject: MappedObject {
  private let content: [UInt8]

  init(_ content: [UInt8]) {
    self.content = content
    super.init()
  }

  override var pageCount: UInt64 { UInt64((content.count + 4_095) / 4_096) }
  override func page(_ index: UInt64) throws(Errno) -> UserFrame {
    let frame = try UserFrame.allocate(isZeroed: true)
    let start = Int(index) * 4_096
    let end = min(content.count, start + 4_096)
    if start < end {
      let part = Array(content[start..<end])
      frame.write(at: 0, from: part.span)
    }
    return frame
  }
}

/// Runs `body` with the simulated machine to itself, and checks that it gives every frame back.
func withMachine(_ body: () throws -> Void) throws {
  try SimulatedMemory.exclusive { () throws in
    AllocationFaults.fail(after: nil)
    let before = SimulatedMemory.freeCount
    try body()
    AllocationFaults.fail(after: nil)
    guard SimulatedMemory.freeCount == before else { throw Lost(frames: before - SimulatedMemory.freeCount) }
  }
}

struct Lost: Error {
  let frames: Int
}

extension AddressSpace {
  /// Bytes of the program's memory, or nil where it could not read.
  func bytes(_ address: UInt64, _ count: Int) -> [UInt8]? {
    var result = [UInt8](repeating: 0, count: count)
    var span = result.mutableSpan
    do throws(Errno) { try read(address, into: &span) } catch { return nil }
    return result
  }

  func word(_ address: UInt64) -> UInt64? {
    bytes(address, 8).map { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  }

  /// The string at `address`.
  func string(_ address: UInt64) -> String? {
    var result: [UInt8] = []
    while let byte = bytes(address + UInt64(result.count), 1)?[0], result.count < 4_096 {
      if byte == 0 { return String(decoding: result, as: UTF8.self) }
      result.append(byte)
    }
    return nil
  }

  /// Every area, in order.
  var areaList: [Area] {
    var areas: [Area] = []
    while let area = area(endingAfter: areas.last?.end ?? 0) { areas.append(area) }
    return areas
  }
}

extension ArgumentList {
  static func make(_ arguments: [String], _ environment: [String] = [], stackLimit: UInt64 = 8 << 20) throws(Errno)
    -> ArgumentList
  {
    var list = ArgumentList(stackLimit: stackLimit)
    for text in arguments {
      let bytes = Array(text.utf8)
      try list.append(argument: bytes.span)
    }
    for text in environment {
      let bytes = Array(text.utf8)
      try list.append(environment: bytes.span)
    }
    return list
  }

  var argumentTexts: [String] {
    var texts: [String] = []
    var text: [UInt8] = []
    for index in 0..<arguments.count {
      if arguments[index] == 0 {
        texts.append(String(decoding: text, as: UTF8.self))
        text = []
      } else {
        text.append(arguments[index])
      }
    }
    return texts
  }
}
