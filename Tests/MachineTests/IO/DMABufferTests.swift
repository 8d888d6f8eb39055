import Foundations
import PageFrames
import Testing

@testable import Machine

@Suite("DMABuffer")
struct DMABufferTests {
  @Test("A new buffer is zeros, and everything written is there for a device")
  func sharing() throws {
    try SimulatedMemory.exclusive {
      let buffer = try DMABuffer(byteCount: 10_000)
      #expect(SimulatedBus.read(buffer.deviceAddress, count: 10_000) == [UInt8](repeating: 0, count: 10_000))
      buffer.write8(1, at: 0)
      buffer.write16(0x0302, at: 1)
      buffer.write32(0x0706_0504, at: 3)
      buffer.write64(0x0f0e_0d0c_0b0a_0908, at: 7)
      buffer.writeReleasing16(0x1110, at: 15)
      buffer.writeReleasing32(0x1514_1312, at: 17)
      #expect(SimulatedBus.read(buffer.deviceAddress, count: 21) == [UInt8](1...21))
      #expect(SimulatedBus.write([9, 8, 7, 6, 5, 4, 3, 2], at: buffer.deviceAddress + 9992))
      #expect(buffer.read8(at: 9999) == 2 && buffer.read16(at: 9992) == 0x0809)
      #expect(buffer.read32(at: 9996) == 0x0203_0405 && buffer.read64(at: 9992) == 0x0203_0405_0607_0809)
      #expect(buffer.readAcquiring16(at: 9998) == 0x0203 && buffer.readAcquiring32(at: 9992) == 0x0607_0809)
    }
  }

  @Test("Nothing outside can be read, written or named")
  func bounds() throws {
    try SimulatedMemory.exclusive {
      let buffer = try DMABuffer(byteCount: 4098)
      for offset in [4098, 5000, -1, -8, Int.min, Int.max, Int.max - 7] {
        #expect(buffer.read8(at: offset) == .max)
        buffer.write8(1, at: offset)
        #expect(buffer.segment(at: offset, count: 1) == nil)
      }
      #expect(buffer.read16(at: 4097) == .max && buffer.read32(at: 4095) == .max && buffer.read64(at: 4091) == .max)
      buffer.write64(.max, at: 4091)
      buffer.write32(.max, at: 4095)
      buffer.write16(.max, at: 4097)
      #expect(SimulatedBus.read(buffer.deviceAddress, count: 8192) == [UInt8](repeating: 0, count: 8192))
      for count in [0, -1, 4099, Int.max, Int.min] { #expect(buffer.segment(at: 0, count: count) == nil) }
      let named = buffer.segment(at: 4000, count: 98)
      let segment = try #require(named)
      #expect(segment.deviceAddress == buffer.deviceAddress + 4000 && segment.byteCount == 98)
    }
  }

  @Test("Copies stop at the end")
  func copies() throws {
    try SimulatedMemory.exclusive {
      let buffer = try DMABuffer(byteCount: 100)
      let bytes = [UInt8](1...60)
      #expect(buffer.copyIn(bytes.span, at: 30) == 60 && buffer.copyIn(bytes.span, at: 60) == 40)
      #expect(buffer.copyIn(bytes.span, at: 100) == 0 && buffer.copyIn(bytes.span, at: -1) == 0)
      var out = [UInt8](repeating: 0, count: 80)
      var span = out.mutableSpan
      #expect(buffer.copyOut(at: 30, into: &span) == 70)
      #expect(buffer.copyOut(at: 101, into: &span) == 0)
      #expect(out == [UInt8](1...30) + [UInt8](1...40) + [UInt8](repeating: 0, count: 10))
      buffer.zeroFill(at: 35, count: 1000)
      #expect(SimulatedBus.read(buffer.deviceAddress + 30, count: 8) == [1, 2, 3, 4, 5, 0, 0, 0])
    }
  }

  @Test("Sizes that cannot be and lack of memory are errors; memory is given back")
  func lifetime() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      for byteCount in [0, -1, DMABuffer.largestByteCount + 1, Int.max] {
        #expect(throws: Errno.EINVAL) { _ = try DMABuffer(byteCount: byteCount) }
      }
      do {
        let buffer = try DMABuffer(byteCount: 4097)
        #expect(SimulatedMemory.freeCount == before - 2 && buffer.byteCount == 4097)
      }
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) { _ = try DMABuffer(byteCount: 1) }
      AllocationFaults.fail(after: nil)
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  @Test("A device that does not reach far gets memory that it reaches")
  func reach() throws {
    try SimulatedMemory.exclusive {
      let near = try DMABuffer(byteCount: 1 << 16, reach: .bits24)
      #expect(near.deviceAddress + 1 << 16 <= 16 << 20)
      let middle = try DMABuffer(byteCount: 1 << 16, reach: .bits32)
      #expect(middle.deviceAddress + 1 << 16 <= 4 << 30)
    }
  }

  @Test("A frame of programs can be named, and nothing beside it")
  func frames() throws {
    try SimulatedMemory.exclusive {
      let frame = try UserFrame.allocate(isZeroed: true)
      #expect(frame.segment()?.deviceAddress == frame.number.address)
      #expect(frame.segment(at: 4095, count: 1)?.byteCount == 1)
      #expect(frame.segment(at: 4095, count: 2) == nil && frame.segment(at: -1, count: 1) == nil)
      #expect(frame.segment(at: 0, count: 4097) == nil && frame.segment(at: Int.max, count: 1) == nil)
    }
  }
}
