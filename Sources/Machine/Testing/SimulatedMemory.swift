#if !os(none)
  import Boot
  import PageFrames
  import Synchronization

  /// Physical memory for tests on the host: an allocation that stands in for the machine's, with the real frame table, frame
  /// allocator and page tables over it.
  ///
  /// There is one, as on a machine; `exclusive` keeps tests that run at the same time apart.
  public enum SimulatedMemory {
    /// Frames of the simulated machine: 256 MiB, of which the host backs what is touched.
    public static let frameCount = 65_536

    private static let isStarted = Atomic<Bool>(false)
    private static let isBusy = Atomic<Bool>(false)

    /// Runs `body` while no other test uses the memory.
    public static func exclusive<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result
    {
      while !isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged {
        // Long tests hold the memory for seconds; a spinning waiter would take the CPU from them.
        apus_sleep_shortly()
      }
      defer { isBusy.store(false, ordering: .releasing) }
      start()
      return try body()
    }

    /// Frames that are free now, this CPU's cache included.
    public static var freeCount: Int {
      FrameAllocator.drainCache()
      return FrameAllocator.figures.freeCount
    }

    private static func start() {
      guard isStarted.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return }
      let byteCount = frameCount * Int(FrameNumber.byteCount)
      let tableByteCount = frameCount * MemoryLayout<FrameDescriptor>.stride
      // SAFETY: new memory that lives as long as the process; the table is all zeros, which is what descriptors begin as.
      let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 2 << 20)
      let table = UnsafeMutableRawPointer.allocate(byteCount: tableByteCount, alignment: 4096)
      unsafe table.initializeMemory(as: UInt8.self, repeating: 0, count: tableByteCount)
      unsafe PhysicalMap.hostBase = UInt64(UInt(bitPattern: memory))
      FrameTable.start(at: UInt(bitPattern: table), frameCount: frameCount)
      ProcessorArea.start()
      var node = MemoryNode()
      node.add(1..<UInt32(frameCount), in: FrameTable.descriptors)
      node.setWatermarks()
      FrameAllocator.start(node)
      precondition(UserFrame.startZeroFrame())
    }
  }
#endif
