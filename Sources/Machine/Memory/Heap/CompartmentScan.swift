import Boot
import PageFrames
import Synchronization

/// Looks through all memory that can hold references for words that may lead into the heap of ended work.
///
/// Every CPU stands still meanwhile, so no reference moves from where is still to be looked to where has been. A word that only looks
/// like a reference keeps the heap; that is found out the next time.
enum CompartmentScan {
  /// The bits of a word that can be part of a reference: not the top byte, nor the lowest three, which Swift may use.
  private static let addressBits: UInt64 = 0x00ff_ffff_ffff_fff8

  /// Whether anything may refer into heap `number`.
  ///
  /// - Context: a thread without locks, interrupts on.
  static func isReferenced(_ number: Int) -> Bool {
    let call = ScanCall(number)
    let others = Processor.online & ~(1 << UInt64(Processor.current))
    if others == 0 {
      let wereEnabled = InterruptGuard.disable()
      call.scan()
      InterruptGuard.restore(wereEnabled)
    } else {
      // The thread may come to another CPU before the call; then that one is not among those that are asked, and is here.
      ProcessorMessages.call(call, on: .max)
    }
    return call.isReferenced
  }

  private final class ScanCall: ProcessorCall {
    private let number: Int
    private let arrived = Atomic<Int>(0)
    private let isDone = Atomic<Bool>(false)
    private let found = Atomic<Bool>(true)

    init(_ number: Int) {
      self.number = number
      super.init()
    }

    var isReferenced: Bool { found.load(ordering: .acquiring) }

    /// The last CPU to come looks; the one that asked waits for all of them.
    override func run() {
      let count = arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
      if count >= Processor.onlineCount - 1 { return scan() }
      while !isDone.load(ordering: .acquiring) {
        apus_pause()
        ProcessorMessages.followTranslationRequests()
      }
    }

    func scan() {
      found.store(CompartmentScan.scan(number), ordering: .releasing)
      isDone.store(true, ordering: .releasing)
    }
  }

  /// Which addresses are looked for, with all bits inverted: they are not to be found on the stack of who looks.
  private struct Targets: ~Copyable {
    var invertedFirst: UInt64 = 0
    var invertedEnd: UInt64 = .max
    /// Where the heap keeps its own books, which lead into it of course.
    var books: Range<UInt64> = 0..<0
  }

  private static func scan(_ number: Int) -> Bool {
    var targets = Targets()
    CompartmentHeap.forEachRun(number) { run in
      let first = PhysicalMap.address(of: run.first.address)
      targets.invertedFirst = max(targets.invertedFirst, ~first)
      targets.invertedEnd = min(targets.invertedEnd, ~(first + UInt64(run.count) << 12))
    }
    guard targets.invertedFirst > targets.invertedEnd else { return false }
    targets.books = CompartmentHeap.books(number)
    if isReferred(from: ImageLayout.data, targets, number) { return true }
    let descriptors = FrameTable.descriptors
    for index in 0..<descriptors.count {
      let frame = FrameNumber(UInt32(truncatingIfNeeded: index))
      switch FrameKind(rawValue: descriptors[frame].rawKind) {
      case .slab, .kernel, .allocated: break
      case .compartment: if Int(descriptors[frame].owner) == number { continue }
      default: continue
      }
      let start = PhysicalMap.address(of: frame.address)
      if isReferred(from: start..<start + 4096, targets, number) { return true }
    }
    return false
  }

  private static func isReferred(from range: Range<UInt64>, _ targets: borrowing Targets, _ number: Int) -> Bool {
    var address = range.lowerBound
    while address < range.upperBound {
      // SAFETY: the image's data and frames of the kernel are mapped for good; nobody writes them while all CPUs stand still, and
      // what is read is only compared.
      let inverted = unsafe ~(UnsafePointer<UInt64>(bitPattern: UInt(address)).unsafelyUnwrapped.pointee & addressBits)
      if inverted <= targets.invertedFirst, inverted > targets.invertedEnd, !targets.books.contains(address),
        isInside(inverted, number)
      {
        return true
      }
      address += 8
    }
    return false
  }

  /// Whether the address lies in a frame of the heap, and not between its runs.
  private static func isInside(_ inverted: UInt64, _ number: Int) -> Bool {
    let frame = FrameNumber(containing: ~inverted &- PhysicalMap.base)
    let descriptors = FrameTable.descriptors
    guard Int(frame.rawValue) < descriptors.count else { return false }
    return descriptors[frame].isKind(.compartment) && Int(descriptors[frame].owner) == number
  }
}
