import BootInformation
import Foundation
import TestSupport
import Testing

/// Whatever a loader leaves, reading it ends with information or an error.
@Suite("Boot information, hostile")
struct HostileInformationTests {
  /// Inputs of each kind; `FUZZ=1000000 swift test` for more.
  static let count = ProcessInfo.processInfo.environment["FUZZ"].flatMap { Int($0) } ?? 4_000

  private static let values: [UInt8] = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xfe, 0xff]

  private static func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let value = values.randomElement(using: &random) ?? 0
      // A whole word of one value reaches the ends of ranges far more often than single bytes.
      let width = [1, 4, 8].randomElement(using: &random) ?? 1
      for index in place..<min(place + width, bytes.count) {
        bytes[index] = width == 1 ? UInt8.random(in: 0...255, using: &random) : value
      }
    }
    return bytes
  }

  private static func check(_ information: borrowing BootInformation) {
    let map = information.memoryMap
    var end: UInt64 = 0
    for index in 0..<map.count {
      let range = map[index].range
      #expect(range.lowerBound >= end && !range.isEmpty && range.upperBound <= MemoryMap.addressLimit)
      end = range.upperBound
    }
    #expect(map.usableByteCount > 0)
    if let screen = information.screen { #expect(screen.range != nil) }
    for index in 0..<information.moduleCount { #expect(!information.module(index).isEmpty) }
  }

  @Test("Damaged Multiboot2 information is refused or makes sense")
  func multiboot2() {
    let bytes = Multiboot2Writer.grub.bytes
    var random = SeededGenerator(seed: 1)
    var outcomes = [0, 0]
    for _ in 0..<Self.count {
      do throws(BootInformationError) {
        Self.check(try BootInformation(multiboot2At: 0x9000, memory: FakeMemory((0x9000, Self.mutate(bytes, &random)))))
        outcomes[0] += 1
      } catch {
        outcomes[1] += 1
      }
    }
    #expect(outcomes.allSatisfy { $0 > Self.count / 20 })
  }

  @Test("Damaged PVH information is refused or makes sense")
  func pvh() {
    let bytes = PVHWriter.qemu()
    var random = SeededGenerator(seed: 2)
    var outcomes = [0, 0]
    for _ in 0..<Self.count {
      do throws(BootInformationError) {
        let memory = FakeMemory((PVHWriter.start, Self.mutate(bytes, &random)))
        Self.check(try BootInformation(pvhAt: PVHWriter.start, memory: memory))
        outcomes[0] += 1
      } catch {
        outcomes[1] += 1
      }
    }
    #expect(outcomes.allSatisfy { $0 > Self.count / 20 })
  }
}
