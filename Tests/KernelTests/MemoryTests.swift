import Foundations
import Machine

enum MemoryTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("memory.no-page-is-writable-and-executable") { () throws(TestFailure) in
      let audit = AddressSpaceAudit.run()
      try expect(audit.pages > 100, "only \(audit.pages) pages are mapped")
      try expect(audit.writableAndExecutable == 0, "\(audit.writableAndExecutable) pages are writable and executable")
      try expect(audit.openToPrograms == 0, "programs could use \(audit.openToPrograms) pages of the kernel")
    }
    registrar.test("memory.paging-has-as-many-levels-as-the-cpu") { () throws(TestFailure) in
      let processor = ProcessorIdentification()
      let hasLeaf = processor.read(leaf: 0, subleaf: 0).eax >= 7
      let hasFiveLevels = hasLeaf && processor.read(leaf: 7, subleaf: 0).ecx & 1 << 16 != 0
      let isFiveLevel = PagingMode.current == .fiveLevel
      try expect(isFiveLevel == hasFiveLevels, "the CPU has five levels: \(hasFiveLevels); used: \(isFiveLevel)")
    }
    registrar.test("memory.identity-map-is-gone") { () throws(TestFailure) in
      try expect(AddressSpaceAudit.run().userPages == 0, "pages are mapped where programs live")
      try expect(AddressSpaceAudit.access(at: 0x10_0000) == nil, "1 MiB is mapped at itself")
      try expect(AddressSpaceAudit.access(at: 0) == nil, "null is mapped")
    }
    registrar.test("memory.image-has-exact-permissions") { () throws(TestFailure) in
      try check(ImageLayout.text, isWritable: false, isExecutable: true)
      try check(ImageLayout.constants, isWritable: false, isExecutable: false)
      try check(ImageLayout.bootStack, isWritable: true, isExecutable: false)
    }
    registrar.test("memory.stacks-have-guard-pages") { () throws(TestFailure) in
      let below = ImageLayout.bootStack.lowerBound - 1
      try expect(AddressSpaceAudit.access(at: below) == nil, "the page below the boot stack is mapped")
      try expect(ImageLayout.guardPage(containing: below) != nil, "it is not known as a guard page")
      var guards = 0
      var address = ImageLayout.data.lowerBound
      while address < ImageLayout.data.upperBound {
        if ImageLayout.guardPage(containing: address) != nil {
          guards += 1
          try expect(AddressSpaceAudit.access(at: address) == nil, "guard page \(hex: address) is mapped")
        }
        address += 4096
      }
      try expect(guards == 8, "\(guards) guard pages, not one below each of 8 stacks")
    }
    registrar.test("memory.heap-gives-back-what-it-took") { () throws(TestFailure) in
      let before = HeapStatistics.current.usedByteCount
      var seed: UInt64 = 1
      for _ in 0..<200 {
        var arrays: [[UInt8]] = []
        for _ in 0..<20 {
          seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          let count = Int(seed >> 52)
          arrays.append([UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count))
        }
        for array in arrays {
          for byte in array where byte != UInt8(truncatingIfNeeded: array.count) {
            throw TestFailure(reason: "a byte changed in an array of \(array.count)")
          }
        }
      }
      let after = HeapStatistics.current.usedByteCount
      try expect(after == before, "\(after - before) bytes leaked")
    }
  }

  private static func check(_ range: Range<UInt64>, isWritable: Bool, isExecutable: Bool) throws(TestFailure) {
    var address = range.lowerBound
    while address < range.upperBound {
      guard let access = AddressSpaceAudit.access(at: address) else {
        throw TestFailure(reason: "\(hex: address) is not mapped")
      }
      try expect(access.isWritable == isWritable, "\(hex: address): writable is \(access.isWritable)")
      try expect(access.isExecutable == isExecutable, "\(hex: address): executable is \(access.isExecutable)")
      address += 4096
    }
  }
}
