import Foundations
import PageFrames
import Testing

@testable import Machine

/// Notes what it is asked for.
private final class NotingDomain: DMADomain {
  var mapped: [UInt32: Int] = [:]
  var refusal: Errno?
  var isStuck = false
  var wasKernel = true

  override func map(first: FrameNumber, count: Int) throws(Errno) {
    wasKernel = wasKernel && CompartmentHeap.current == nil
    if let refusal { throw refusal }
    mapped[first.rawValue] = count
  }

  override func unmap(first: FrameNumber, count: Int) -> Bool {
    wasKernel = wasKernel && CompartmentHeap.current == nil
    if mapped[first.rawValue] == count { mapped[first.rawValue] = nil }
    return !isStuck
  }
}

@Suite("DMADomain")
struct DMADomainTests {
  @Test("What contained work shares with its device is mapped for as long as it is shared, and nothing else is")
  func mapping() throws {
    try SimulatedMemory.exclusive {
      let domain = NotingDomain()
      let before = SimulatedMemory.freeCount
      let kernels = try DMABuffer(byteCount: 4096)
      let done: Void? = try SimulatedCompartment.run(domain) {
        let one = try DMABuffer(byteCount: 4097)
        let number = FrameNumber(containing: one.deviceAddress).rawValue
        #expect(domain.mapped == [number: 2])
        do {
          let other = try DMABuffer(byteCount: 1)
          #expect(domain.mapped.count == 2 && other.byteCount == 1)
        }
        #expect(domain.mapped == [number: 2])
        #expect(one.byteCount == 4097)
      }
      #expect(done != nil && domain.mapped.isEmpty && domain.wasKernel && kernels.byteCount == 4096)
      #expect(SimulatedMemory.freeCount == before - 1)
    }
  }

  @Test("What ended work has left is unmapped before its frames are given back")
  func abandoned() throws {
    try SimulatedMemory.exclusive {
      let domain = NotingDomain()
      let before = SimulatedMemory.freeCount
      _ = try SimulatedCompartment.run(domain) {
        SimulatedCompartment.lose(try DMABuffer(byteCount: 10_000))
        SimulatedCompartment.lose(try DMABuffer(byteCount: 10))
        #expect(domain.mapped.count == 2)
      }
      #expect(domain.mapped.isEmpty && SimulatedMemory.freeCount == before)
    }
  }

  @Test("A domain that does not take frames makes no buffer, and keeps none")
  func refusal() {
    SimulatedMemory.exclusive {
      let domain = NotingDomain()
      let before = SimulatedMemory.freeCount
      domain.refusal = .EINVAL
      _ = SimulatedCompartment.run(domain) {
        #expect(throws: Errno.EINVAL) { _ = try DMABuffer(byteCount: 4096).byteCount }
      }
      #expect(SimulatedMemory.freeCount == before)
      // A unit that does not answer may have let the device have it.
      domain.refusal = .EIO
      _ = SimulatedCompartment.run(domain) {
        #expect(throws: Errno.EIO) { _ = try DMABuffer(byteCount: 4096).byteCount }
      }
      #expect(SimulatedMemory.freeCount == before - 1)
    }
  }

  @Test("Frames that a device may still reach are never given back")
  func stuck() throws {
    try SimulatedMemory.exclusive {
      let domain = NotingDomain()
      let before = SimulatedMemory.freeCount
      domain.isStuck = true
      _ = try SimulatedCompartment.run(domain) {
        #expect(try DMABuffer(byteCount: 8192).byteCount == 8192)
        SimulatedCompartment.lose(try DMABuffer(byteCount: 4096))
      }
      #expect(SimulatedMemory.freeCount == before - 3)
    }
  }

  @Test("A domain is let go of when the work has ended")
  func release() {
    SimulatedMemory.exclusive {
      weak var gone: NotingDomain?
      do {
        let domain = NotingDomain()
        gone = domain
        _ = SimulatedCompartment.run(domain) {}
      }
      #expect(gone == nil)
    }
  }
}
