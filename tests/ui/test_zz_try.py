import pytest
from comity.core.access import Role
@pytest.mark.django_db
def test_x(client, officer):
    client.force_login(officer(Role.PROSECUTOR))
    for u in ("/","/people/","/form/"):
        r=client.get(u); assert r.status_code==200,u
        open("/tmp/out"+u.replace("/","_")+".html","wb").write(r.content)
    r=client.post("/form/",{}); open("/tmp/out_post.html","wb").write(r.content)
