"""tmp"""
import numpy as np, math
from dataclasses import dataclass
from .sampling import Samples
from .estimate import Study
from .ladders import scale_of
from ..formats import FORMATS
@dataclass
class R:
    value: float; bar: float; verdict: str; reason: str; evaluations: int; h: float; info: object
def derivative(f,x,order=1):
    import ml_dtypes
    fmt=FORMATS[np.asarray(x).dtype.name] if not isinstance(x,float) else FORMATS['float64']
    ty=type(x)
    def ev(l,p):
        out=[]
        for t in p:
            try:
                v=f(ty(t)); out.append(np.nan if isinstance(v,complex) else float(v))
            except (ArithmeticError,ValueError): out.append(np.nan)
        return np.array(out)
    xs=np.array([float(x)])
    s=Samples(ev,xs,scale_of(xs),fmt,45)
    with np.errstate(all='ignore'):
        e=Study(s,order).run()
    return R(e.value[0],e.bar[0],'pass' if e.code[0] in('clear','rounded') else 'inconclusive',e.code[0],int(s.used[0]),e.h[0],(s,e))
