import Foundations
import Machine

/// `memcpy`, `memmove`, `memset` and `memcmp` against loops over single bytes, at every length around their special cases.
enum MemoryFunctionTests {
  private static let byteCount = 704
  private static let longest = 300

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("memory-functions.copy") { () throws(TestFailure) in
      let source = pattern(seed: 3)
      for count in 0...longest {
        for offset in 0..<9 {
          var bytes = [UInt8](repeating: 0xcc, count: byteCount)
          var expected = bytes
          for index in 0..<count { expected[offset + index] = source[index + 7] }
          var span = bytes.mutableSpan
          MemoryFunctionProbe.copy(source.span.extracting(7..<7 + count), into: &span, at: offset)
          try expect(bytes == expected, "\(count) bytes to \(offset)")
        }
      }
    }
    registrar.test("memory-functions.move-with-overlap") { () throws(TestFailure) in
      for count in 0...longest {
        for distance in [-300, -65, -64, -33, -32, -9, -8, -7, -1, 0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 200, 300] {
          try move(count: count, distance: distance)
        }
      }
    }
    registrar.test("memory-functions.fill") { () throws(TestFailure) in
      for count in 0...longest {
        for offset in 0..<9 {
          let value = UInt8(truncatingIfNeeded: count &* 37 &+ offset)
          var bytes = pattern(seed: count)
          var expected = bytes
          for index in 0..<count { expected[offset + index] = value }
          var span = bytes.mutableSpan
          MemoryFunctionProbe.fill(&span, at: offset, count: count, with: value)
          try expect(bytes == expected, "\(count) bytes at \(offset)")
        }
      }
    }
    registrar.test("memory-functions.compare") { () throws(TestFailure) in
      for count in 0...longest {
        let left = pattern(seed: count)
        var right = left
        // What lies behind the end must not count.
        for index in count..<byteCount { right[index] = ~right[index] }
        try check(left, right, count: count, expected: 0)
        for place in 0..<count {
          let original = right[place]
          right[place] = original ^ 0x80
          // Later differences the other way round must not count either.
          if place + 1 < count { right[place + 1] = ~right[place + 1] }
          try check(left, right, count: count, expected: original < original ^ 0x80 ? -1 : 1)
          if place + 1 < count { right[place + 1] = ~right[place + 1] }
          right[place] = original
        }
      }
    }
  }

  private static func move(count: Int, distance: Int) throws(TestFailure) {
    let source = 302
    let target = source + distance
    guard target + count <= byteCount, source + count <= byteCount else { return }
    var bytes = pattern(seed: count &+ distance)
    let before = bytes
    var span = bytes.mutableSpan
    MemoryFunctionProbe.move(in: &span, from: source, to: target, count: count)
    for index in 0..<byteCount {
      let isTarget = index >= target && index < target + count
      let expected = isTarget ? before[index - distance] : before[index]
      guard bytes[index] == expected else {
        throw TestFailure(reason: "\(count) bytes by \(distance): byte \(index) is \(bytes[index]), not \(expected)")
      }
    }
  }

  private static func check(_ left: [UInt8], _ right: [UInt8], count: Int, expected: Int) throws(TestFailure) {
    let found = MemoryFunctionProbe.compare(left.span, right.span, count: count)
    try expect(found.signum() == expected, "\(count) bytes compare as \(found), not \(expected)")
  }

  private static func pattern(seed: Int) -> [UInt8] {
    var state = UInt32(truncatingIfNeeded: seed) &* 2_654_435_761 &+ 1
    var bytes = [UInt8](repeating: 0, count: byteCount)
    for index in 0..<byteCount {
      state = state &* 1_664_525 &+ 1_013_904_223
      bytes[index] = UInt8(truncatingIfNeeded: state >> 24)
    }
    return bytes
  }
}
