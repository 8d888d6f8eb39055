#if !os(none)
  import Glibc
  import PageFrames
  import Synchronization

  /// The part of a CPU that translates addresses, for tests on the host: it walks the real page tables, and has a TLB that
  /// keeps every translation, and every way to a lowest table, until it is told to drop them.
  ///
  /// So a change that forgets to flush shows at once, which on hardware it may never do. Used within
  /// `SimulatedMemory.exclusive`, by all threads of the test that runs: what each does is done at once, as if it were a CPU's
  /// locked access. Source: Intel SDM vol. 3A, 4.10.
  public enum SimulatedProcessor {
    /// What became of an access.
    enum Outcome: Equatable {
      case memory(frame: FrameNumber)
      case fault(isPresent: Bool)
    }

    private struct Key: Hashable {
      var identifier: UInt16
      /// An address divided by the size of what is cached.
      var number: UInt64
    }

    private struct Translation {
      var frame: FrameNumber
      var access: PageAccess
      var isDirty: Bool
    }

    // SAFETY (section): `SimulatedMemory.exclusive` lets one test at a time use the processor.
    nonisolated(unsafe) private static var root = FrameNumber.none
    nonisolated(unsafe) private static var identifier: UInt16 = 0
    nonisolated(unsafe) private static var small: [Key: Translation] = [:]
    nonisolated(unsafe) private static var large: [Key: Translation] = [:]
    nonisolated(unsafe) private static var tables: [Key: FrameNumber] = [:]
    /// Whether the CPU has process-context identifiers.
    nonisolated(unsafe) private(set) static var hasIdentifiers = false

    /// Becomes a CPU that was just switched on, with four or five levels of tables.
    static func reset(_ mode: PagingMode, hasIdentifiers newHasIdentifiers: Bool) {
      unsafe root = .none
      unsafe identifier = 0
      unsafe hasIdentifiers = newHasIdentifiers
      unsafe (small, large, tables) = ([:], [:], [:])
      PagingMode.set(mode)
      ProcessorArea.withCurrent { area in
        area.translation = ProcessorTranslation(processor: 0)
        area.translation.start()
      }
    }

    // MARK: One thread at a time

    /// The thread that is at work, or 0.
    private static let worker = Atomic<UInt>(0)

    /// Runs `body` while no other thread does anything here; within it, the same thread may do so again.
    static func alone<Result: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result
    {
      let me = UInt(pthread_self())
      guard worker.load(ordering: .relaxed) != me else { return try body() }
      while !worker.compareExchange(expected: 0, desired: me, ordering: .acquiring).exchanged { sched_yield() }
      defer { worker.store(0, ordering: .releasing) }
      return try body()
    }

    // MARK: What instructions do

    static func load(_ newRoot: FrameNumber, identifier newIdentifier: UInt16, isKeeping: Bool) {
      alone {
        unsafe root = newRoot
        unsafe identifier = newIdentifier
        if !isKeeping { invalidateEverything() }
      }
    }

    static func invalidate(page address: UInt64) {
      alone {
        unsafe small[key(address, shift: 12)] = nil
        unsafe large[key(address, shift: 21)] = nil
        unsafe tables = tables.filter { unsafe $0.key.identifier != identifier }
      }
    }

    static func invalidateEverything() {
      alone {
        unsafe small = small.filter { unsafe $0.key.identifier != identifier }
        unsafe large = large.filter { unsafe $0.key.identifier != identifier }
        unsafe tables = tables.filter { unsafe $0.key.identifier != identifier }
      }
    }

    private static func key(_ address: UInt64, shift: UInt64) -> Key {
      unsafe Key(identifier: identifier, number: address >> shift)
    }

    // MARK: Accesses

    /// Accesses `count` bytes of a program's from `address` on, page by page, resolving faults as the kernel does for copies.
    ///
    /// - Parameter body: is given memory, where it lies in the whole, and how many bytes of it are meant.
    /// - Returns: how many bytes were accessed before one that cannot be.
    static func access(
      _ address: UInt64, count: Int, _ kind: PageFaultAccess.Kind,
      _ body: (_ memory: UnsafeMutableRawPointer, _ offset: Int, _ count: Int) -> Void
    ) -> Int {
      var done = 0
      while done < count {
        let place = address + UInt64(done)
        let inPage = Int(place & 4095)
        let length = min(count - done, 4096 - inPage)
        let outcome = alone {
          let outcome = translate(place, kind)
          if case .memory(let frame) = outcome {
            unsafe body(FrameMemory.pointer(to: frame).advanced(by: inPage), done, length)
          }
          return outcome
        }
        switch outcome {
        case .memory: done += length
        case .fault(let isPresent):
          let access = PageFaultAccess(kind, isUser: false, isPresent: isPresent)
          guard PageFaults.resolve(place, access, hadInterrupts: false) == .resolved else { return done }
        }
      }
      return done
    }

    /// What a program's access to `address` reaches.
    static func translate(_ address: UInt64, _ kind: PageFaultAccess.Kind) -> Outcome {
      let smallKey = key(address, shift: 12)
      let largeKey = key(address, shift: 21)
      if let found = unsafe small[smallKey] ?? large[largeKey] {
        guard found.access.contains(wanted(kind)) else {
          // The translation goes with the fault, so that the access finds the tables' own when it is tried again.
          unsafe small[smallKey] = nil
          unsafe large[largeKey] = nil
          return .fault(isPresent: true)
        }
        // To mark the entry as dirty the CPU walks again.
        if found.isDirty || kind != .write {
          return .memory(frame: unsafe small[smallKey]?.frame ?? part(found, address))
        }
      }
      return walk(address, kind)
    }

    private static func part(_ large: Translation, _ address: UInt64) -> FrameNumber {
      large.frame + TablePage.index(of: address, level: 0)
    }

    private static func wanted(_ kind: PageFaultAccess.Kind) -> PageAccess {
      switch kind {
      case .read: .read
      case .write: .write
      case .execute: .execute
      }
    }

    private static func walk(_ address: UInt64, _ kind: PageFaultAccess.Kind) -> Outcome {
      guard unsafe root != .none else { return .fault(isPresent: false) }
      if let table = unsafe tables[key(address, shift: 21)] {
        return finish(address, kind, TablePage(table), level: 0)
      }
      var table = unsafe TablePage(root)
      var level = PagingMode.current.rootLevel
      while true {
        let entry = table[TablePage.index(of: address, level: level)]
        if level == 0 || !entry.isPresent || entry.isHuge { return finish(address, kind, table, level: level) }
        table = TablePage(behind: entry)
        level -= 1
        if level == 0 { unsafe tables[key(address, shift: 21)] = table.frame }
      }
    }

    private static func finish(
      _ address: UInt64, _ kind: PageFaultAccess.Kind, _ table: TablePage, level: Int
    ) -> Outcome {
      let index = TablePage.index(of: address, level: level)
      let entry = table[index]
      guard entry.isPresent else { return .fault(isPresent: false) }
      guard entry.access.contains(wanted(kind)) else { return .fault(isPresent: true) }
      table.mark(
        index, bits: PageTableEntry.accessedBit | (kind == .write ? PageTableEntry.dirtyBit : 0))
      let translation = Translation(
        frame: entry.frame, access: entry.access, isDirty: entry.isDirty || kind == .write)
      if level == 0 {
        unsafe small[key(address, shift: 12)] = translation
        return .memory(frame: entry.frame)
      }
      unsafe large[key(address, shift: 21)] = translation
      return .memory(frame: part(translation, address))
    }
  }
#endif
